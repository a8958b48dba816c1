module uploadsink

go 1.21
