"""For plugins: what more than one of them needs and no one should write twice."""
