"""What an operator works with, from outside: the importer, the audit, the demo. Imports no department."""
