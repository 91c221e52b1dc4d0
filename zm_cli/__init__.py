"""zm: streaming means and deviations for training data, and the centered or standardized dataset."""

__version__ = "0.1.0"
