"""What every room uses: devices, checks of hyperparameters, errors, and files that are never half-written."""
