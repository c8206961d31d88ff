// Renders templates with text/template and sprig: one JSON question a line, one JSON answer a line.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

type question struct {
	Name       string            `json:"name"`
	Template   []byte            `json:"template"`
	Data       map[string][]byte `json:"data"`
	LeftDelim  string            `json:"leftDelim"`
	RightDelim string            `json:"rightDelim"`
	MissingKey string            `json:"missingKey"`
	// Rounds asks for the time of a render instead of its output.
	Rounds int `json:"rounds"`
}

type answer struct {
	Output      []byte  `json:"output"`
	Error       []byte  `json:"error,omitempty"`
	Phase       string  `json:"phase,omitempty"`
	Nanoseconds float64 `json:"nanoseconds,omitempty"`
}

func functions() template.FuncMap {
	all := sprig.GenericFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(all, name)
	}
	return all
}

func ask(q question) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{Error: []byte(fmt.Sprint("panic: ", r)), Phase: "exec"}
		}
	}()
	data := make(map[string]string, len(q.Data))
	for key, value := range q.Data {
		data[key] = string(value)
	}
	t := template.New(q.Name).Funcs(functions()).Delims(q.LeftDelim, q.RightDelim)
	if q.MissingKey != "" {
		t = t.Option("missingkey=" + q.MissingKey)
	}
	t, err := t.Parse(string(q.Template))
	if err != nil {
		return answer{Error: []byte(err.Error()), Phase: "parse"}
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return answer{Error: []byte(err.Error()), Phase: "exec"}
	}
	if q.Rounds == 0 {
		return answer{Output: out.Bytes()}
	}
	start := time.Now()
	for range q.Rounds {
		var again bytes.Buffer
		if err := t.Execute(&again, data); err != nil {
			panic(err)
		}
	}
	return answer{Output: out.Bytes(), Nanoseconds: float64(time.Since(start).Nanoseconds()) / float64(q.Rounds)}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			panic(err)
		}
		if err := encoder.Encode(ask(q)); err != nil {
			panic(err)
		}
	}
}
