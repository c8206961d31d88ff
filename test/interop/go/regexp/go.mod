module regexps

go 1.26
