"""What service earns: stars, the yearly commendation list, certificates and a person's record."""
