"""A generated month played through the service's own verbs, database and all: `qtxvol simulate`. An edge like the
command line, which alone imports it; the clock is simulated, and nobody in it is real."""
