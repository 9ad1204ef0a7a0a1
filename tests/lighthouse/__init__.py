"""Lighthouse on the pages that matter most: `.venv/bin/python -m tests.lighthouse [NAME …]`."""
