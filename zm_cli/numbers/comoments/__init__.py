"""The co-moments of all pairs of features, and what follows from them: conditioning, correlations, directions."""
