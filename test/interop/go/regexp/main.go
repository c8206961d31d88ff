// Answers what Go's regexp says about a pattern, a replacement and a text: one call a line, texts as base64.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

type call struct {
	Args [][]byte `json:"args"`
}

func answer(pattern, replacement, text string) map[string][]byte {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return map[string][]byte{"error": []byte(err.Error())}
	}
	parts := re.Split(text, -1)
	return map[string][]byte{
		"names":   []byte(strings.Join(re.SubexpNames(), ",")),
		"test":    fmt.Append(nil, re.MatchString(text)),
		"find":    fmt.Append(nil, re.FindAllStringSubmatchIndex(text, -1)),
		"first":   fmt.Append(nil, re.FindAllStringSubmatchIndex(text, 2)),
		"replace": []byte(re.ReplaceAllString(text, replacement)),
		"literal": []byte(re.ReplaceAllLiteralString(text, replacement)),
		"split":   fmt.Append(nil, len(parts), ":", strings.Join(parts, "|")),
		"splitN":  []byte(strings.Join(re.Split(text, 2), "|")),
	}
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	decoder := json.NewDecoder(in)
	encoder := json.NewEncoder(out)
	for {
		var c call
		if err := decoder.Decode(&c); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		if err := encoder.Encode(answer(string(c.Args[0]), string(c.Args[1]), string(c.Args[2]))); err != nil {
			panic(err)
		}
	}
}
