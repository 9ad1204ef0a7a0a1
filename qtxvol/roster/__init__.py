"""Lists of people that come as a file: read, looked at, and taken in row by row or not at all."""
