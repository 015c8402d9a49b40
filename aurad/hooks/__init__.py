"""pluggy: what plugins may implement, and how they are found."""
