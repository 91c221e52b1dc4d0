"""The distribution of samples: counts by leading bits, from which quantiles and histograms follow."""
