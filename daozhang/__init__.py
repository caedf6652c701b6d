"""daozhang (到账): tracks every sale like a parcel until its money is in the bank."""

__version__ = "0.1.0"
