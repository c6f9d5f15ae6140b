module strata.dev/examples/wordcount

go 1.26
