{#- An invariant of the rows of a model: fails with the rows for which it does not hold. -#}
{% test holds_for_each_row(model, expression) %}
    select * from {{ model }} where not coalesce(({{ expression }}), false)
{% endtest %}
