{#-
  The fence that keeps two runs from mixing what they settle. A run writes its id into the settlement
  when it starts. Each step that settles checks in its own transaction that the id is still there, and
  holds the row meanwhile. An older run that goes on is refused and has changed nothing.
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
