// Command yaml answers, one JSON line for each on standard input, what Go's YAML libraries make of a text.
//
// {"text": base64, "indent": n} is answered with the nodes of go.yaml.in/yaml/v3, what its encoder writes them as, and
// what sigs.k8s.io/yaml makes of the text. {"text": base64, "indent": n, "rounds": n} is answered with the median of
// the nanoseconds that parsing and writing take.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"time"

	"go.yaml.in/yaml/v3"
	k8s "sigs.k8s.io/yaml"
)

type question struct {
	Text   []byte `json:"text"`
	Indent int    `json:"indent"`
	Rounds int    `json:"rounds"`
}

type answer struct {
	Nodes      []any  `json:"nodes"`
	NodesError string `json:"nodesError"`
	Emit       string `json:"emit"`
	EmitError  string `json:"emitError"`
	JSON       string `json:"json"`
	JSONError  string `json:"jsonError"`
	YAML       string `json:"yaml"`
	YAMLError  string `json:"yamlError"`
	Nanos      int64  `json:"nanos"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			var q question
			if err := json.Unmarshal(line, &q); err != nil {
				panic(err)
			}
			if err := encoder.Encode(respond(q)); err != nil {
				panic(err)
			}
			if in.Buffered() == 0 {
				out.Flush()
			}
		}
		if err != nil {
			return
		}
	}
}

func respond(q question) (a answer) {
	if q.Rounds > 0 {
		a.Nanos = measure(q)
		return
	}
	nodes, err := parse(q.Text)
	a.Nodes = []any{}
	for _, node := range nodes {
		a.Nodes = append(a.Nodes, record(node))
	}
	a.NodesError = text(err)
	emitted, err := emit(nodes, q.Indent)
	a.Emit, a.EmitError = emitted, text(err)
	var converted []byte
	a.JSONError = text(guard(func() (err error) {
		converted, err = k8s.YAMLToJSON(q.Text)
		return
	}))
	a.JSON = string(converted)
	a.YAMLError = text(guard(func() error {
		var value any
		if err := k8s.Unmarshal(q.Text, &value); err != nil {
			return err
		}
		written, err := k8s.Marshal(value)
		a.YAML = string(written)
		return err
	}))
	return
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func guard(run func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return run()
}

func parse(text []byte) (nodes []*yaml.Node, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err = guard(func() error {
		for {
			node := new(yaml.Node)
			if err := decoder.Decode(node); err != nil {
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			}
			nodes = append(nodes, node)
		}
	})
	return
}

func emit(nodes []*yaml.Node, indent int) (string, error) {
	var buffer bytes.Buffer
	err := guard(func() error {
		encoder := yaml.NewEncoder(&buffer)
		encoder.SetIndent(indent)
		for _, node := range nodes {
			if err := encoder.Encode(node); err != nil {
				return err
			}
		}
		return encoder.Close()
	})
	return buffer.String(), err
}

// record is a node as [kind, style, tag, value, anchor, head, line, foot comment, line, column, decoded, children].
func record(n *yaml.Node) []any {
	children := []any{}
	for _, child := range n.Content {
		children = append(children, record(child))
	}
	return []any{int(n.Kind), int(n.Style), n.Tag, n.Value, n.Anchor, n.HeadComment, n.LineComment, n.FootComment,
		n.Line, n.Column, decoded(n), children}
}

func decoded(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		return ""
	}
	var value any
	if err := guard(func() error { return n.Decode(&value) }); err != nil {
		return "error: " + err.Error()
	}
	switch value := value.(type) {
	case nil:
		return "null"
	case time.Time:
		return "time: " + value.Format(time.RFC3339Nano)
	case string:
		return fmt.Sprintf("string: %x", value)
	default:
		return fmt.Sprintf("%T: %v", value, value)
	}
}

func measure(q question) int64 {
	times := make([]int64, q.Rounds)
	for i := range times {
		start := time.Now()
		nodes, err := parse(q.Text)
		if err != nil {
			panic(err)
		}
		if _, err := emit(nodes, q.Indent); err != nil {
			panic(err)
		}
		times[i] = time.Since(start).Nanoseconds()
	}
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	return times[len(times)/2]
}
