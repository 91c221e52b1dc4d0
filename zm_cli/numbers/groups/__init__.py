"""The statistics of groups of samples."""
