"""Lets Superset 6.1, with its SQLAlchemy 1.4, use the numpy 2 and pandas 2.2 of `requirements.override`.

Python imports this before anything else of each program of Superset, from PYTHONPATH; Superset
reads the first of numpy's names before it reads any setting. Drop it together with those pins.
"""

from contextlib import suppress

# Other programs of Python that are run beside Superset have neither.
with suppress(ModuleNotFoundError):
    import numpy as np

    np.product = np.prod
    np.NaN = np.nan

    # 2.2 takes a SQLAlchemy before 2.0 for none at all, but works with it as 2.1 did: without this,
    # Superset cannot suggest the values of a filter.
    from pandas.compat import _optional

    _optional.VERSIONS["sqlalchemy"] = "1.4.36"
