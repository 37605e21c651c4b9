"""The vendors' stand-ins as real local servers, and the simulated world behind them."""
