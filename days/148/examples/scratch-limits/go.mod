module example.com/scratch-limits

go 1.26
