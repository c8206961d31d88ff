// Answers what gjson finds at a path of a document: one call a line, texts as base64. With the argument "time" it
// instead measures: it reads a document from a file and prints nanoseconds for each path.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tidwall/gjson"
)

type call struct {
	Args [][]byte `json:"args"`
}

func answer(document, path string) (a map[string][]byte) {
	defer func() {
		if r := recover(); r != nil {
			a = map[string][]byte{"panic": fmt.Append(nil, r)}
		}
	}()
	r := gjson.Get(document, path)
	return map[string][]byte{
		"exists": fmt.Append(nil, r.Exists()),
		"type":   []byte(r.Type.String()),
		"raw":    []byte(r.Raw),
		"str":    []byte(r.String()),
		"valid":  fmt.Append(nil, gjson.Valid(document)),
	}
}

func measure(file string, paths []string) {
	document, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	text := string(document)
	for _, path := range paths {
		best := time.Hour
		for range 15 {
			start := time.Now()
			for range 10 {
				gjson.Get(text, path)
			}
			best = min(best, time.Since(start)/10)
		}
		fmt.Println(best.Nanoseconds())
	}
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "time" {
		measure(os.Args[2], os.Args[3:])
		return
	}
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
		if err := encoder.Encode(answer(string(c.Args[0]), string(c.Args[1]))); err != nil {
			panic(err)
		}
	}
}
