"""Analytics: what the departments' facts amount to.

Owns no resource and records no fact about a customer. It hears marketing, sales and contacts and keeps the funnel
(how far leads came, from captured to won) and the metrics (how leads come, how long things stay, how fast departments
hand over), which its topologies derive. Every number is a fold of the logs and says how far they had been heard.
"""
