"""Prefect flows: the order of things and their retries, nothing else."""
