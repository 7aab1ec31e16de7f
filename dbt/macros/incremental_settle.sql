{#-
  The incremental strategy `settle`: makes the target equal to the new rows, and writes only rows
  that differ. A user without events is deleted. In a full refresh the new rows are complete, so all
  other rows of the target are deleted. The table itself stays, with the views over it.
-#}
{% macro get_incremental_settle_sql(arg_dict) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set changes = arg_dict['temp_relation'] -%}
    {%- set key = arg_dict['unique_key'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | list -%}
    {%- set others = columns | reject('equalto', '"' ~ key ~ '"') | list -%}

    delete from {{ target }} as settled
    using {{ changes }} as changes
    where settled.{{ key }} = changes.{{ key }} and changes.total_events = 0;

    {% if flags.FULL_REFRESH %}
    delete from {{ target }} as settled
    where not exists (
        select from {{ changes }} as changes where changes.{{ key }} = settled.{{ key }}
    );
    {% endif %}

    insert into {{ target }} as settled ({{ columns | join(', ') }})
    select {{ columns | join(', ') }}
    from {{ changes }}
    where total_events > 0
    on conflict ({{ key }}) do update set
        {% for column in others -%}
        {{ column }} = excluded.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    where
        ({% for column in others %}settled.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
        is distinct from
        ({% for column in others %}excluded.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{% endmacro %}
