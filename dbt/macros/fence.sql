{#-
  The fence that keeps two runs from settling into each other. A run writes its id into the
  settlement when it starts; each step that settles asks, in its own transaction and holding the
  row, whether the id is still there. An older run that goes on is refused and has changed nothing.
-#}
{% macro take_fence() %}
    {%- if flags.WHICH in ('build', 'run') -%}
        update {{ source('transform', 'settlement') }} set run_id = '{{ invocation_id }}'
    {%- endif -%}
{% endmacro %}

{% macro hold_fence() %}
    do $$
    begin
        perform from {{ source('transform', 'settlement') }}
        where run_id = '{{ invocation_id }}'
        for update;
        if not found then
            raise 'Cannot settle: another run of dbt has started meanwhile and goes on instead';
        end if;
    end
    $$
{% endmacro %}
