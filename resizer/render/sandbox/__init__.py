"""How a worker locks itself in before it sees a hostile byte."""
