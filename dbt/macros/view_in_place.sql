{#-
  Replaces a view in place where its columns allow it. dbt itself makes a second view, renames it, and
  drops the first with everything that depends on it. The marts would be missing until the run has
  rebuilt them, and for good when the run fails.
-#}
{% materialization view, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and not (existing.is_view and keeps_columns(existing)) -%}
        {{ return(dbt.materialization_view_default()) }}
    {%- endif -%}
    {%- set target_relation = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') %}
        create or replace view {{ target_relation }}
        {{ get_assert_columns_equivalent(sql) }}
        as (
            {{ sql }}
        )
    {% endcall %}
    {% do apply_grants(target_relation, config.get('grants'), should_revoke(existing, full_refresh_mode=False)) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- Whether the model has the columns of the relation, in their order, and others only after them. -#}
{% macro keeps_columns(relation) %}
    {%- set wanted = get_column_schema_from_query(sql) -%}
    {%- set present = get_column_schema_from_query('select * from ' ~ relation) -%}
    {%- if present | length > wanted | length -%}{{ return(false) }}{%- endif -%}
    {%- for column in present -%}
        {%- set other = wanted[loop.index0] -%}
        {%- if column.name != other.name or column.dtype != other.dtype -%}{{ return(false) }}{%- endif -%}
    {%- endfor -%}
    {{ return(true) }}
{% endmacro %}
