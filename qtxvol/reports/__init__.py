"""Evaluation papers: every figure read from the ledgers, for print and as a workbook."""
