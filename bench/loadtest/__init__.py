"""An open-loop load test of servers that speak the OpenAI API: what arrives when, the client, and what it measured."""
