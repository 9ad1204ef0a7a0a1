"""Facts of the city as rows: divisions, departments, who leads what, the service menu, reasons, time limits."""
