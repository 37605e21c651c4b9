"""The Prefect flows, named by verb, and the ringback command."""
