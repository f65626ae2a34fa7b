"""What is recorded: spikes and samples, in memory or in files."""
