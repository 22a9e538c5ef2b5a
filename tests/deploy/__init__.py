"""What is deployed, judged without a cluster: everything that refers to something finds it."""
