"""People who serve and the teams they belong to: registering, verifying, merging, joining."""
