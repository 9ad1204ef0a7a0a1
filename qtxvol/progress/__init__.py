"""Targets and the honest counting towards them."""
