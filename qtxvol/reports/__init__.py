"""What the office answers with: figures that open into their rows, evaluation papers, model cases."""
