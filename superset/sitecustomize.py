"""Lets Superset 6.1, with its SQLAlchemy 1.4, use the numpy 2 and pandas 2.2 of `requirements.override`.

Python imports this first in each program of Superset, from PYTHONPATH, because Superset uses
numpy's old names before it reads any setting. Drop it together with those pins.
"""

from contextlib import suppress

# Other Python programs beside Superset have neither package.
with suppress(ModuleNotFoundError):
    import numpy as np

    np.product = np.prod
    np.NaN = np.nan

    # pandas 2.2 ignores SQLAlchemy 1.4, but works with it as pandas 2.1 did. Without this, Superset
    # cannot suggest the values of a filter.
    from pandas.compat import _optional

    _optional.VERSIONS["sqlalchemy"] = "1.4.36"
