// Answers what Go's standard library says about numbers, times, quotes and JSON: one call a line, texts as base64.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"
	_ "time/tzdata"
)

type call struct {
	Fn   string   `json:"fn"`
	Args [][]byte `json:"args"`
}

type answer map[string][]byte

func (a answer) set(name string, text any) { a[name] = fmt.Append(nil, text) }

func (a answer) fail(err error) {
	if err != nil {
		a.set("error", err)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

func double(text string) float64 {
	bits, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		panic(err)
	}
	return math.Float64frombits(bits)
}

func floatAnswer(a answer, x float64) {
	a.set("value", strconv.FormatFloat(x, 'g', -1, 64))
	if x == x {
		a.set("bits", fmt.Sprintf("0x%016x", math.Float64bits(x)))
	} else {
		a.set("bits", "0x7ff8000000000001")
	}
}

func timeAnswer(a answer, t time.Time) {
	zone, offset := t.Zone()
	a.set("rfc3339nano", t.Format(time.RFC3339Nano))
	a.set("unix", t.Unix())
	a.set("zone", zone)
	a.set("offset", offset)
	a.set("string", t)
}

func tokens(a answer, text string) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var out bytes.Buffer
	for range 1000 {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			a.fail(err)
			break
		}
		switch v := token.(type) {
		case json.Delim:
			out.WriteString(v.String())
		case string:
			out.WriteString(strconv.Quote(v))
		case json.Number:
			out.WriteString(v.String())
		default:
			fmt.Fprint(&out, v)
		}
		out.WriteByte(' ')
	}
	a["tokens"] = out.Bytes()
}

func roundTrip(a answer, text string) {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		a.fail(err)
		return
	}
	out, err := json.Marshal(value)
	a.fail(err)
	a["value"] = out
	a.set("v", value)
	out, err = json.MarshalIndent(value, "", "\t")
	a.fail(err)
	a["indent"] = out
}

var functions = map[string]func(a answer, args []string){
	"formatFloat": func(a answer, args []string) {
		x := double(args[0])
		for _, format := range "bfgGeExX" {
			a.set(string(format), strconv.FormatFloat(x, byte(format), number(args[1]), 64))
		}
		out, err := json.Marshal(x)
		a.fail(err)
		a["json"] = out
	},
	"parseFloat": func(a answer, args []string) {
		x, err := strconv.ParseFloat(args[0], 64)
		floatAnswer(a, x)
		a.fail(err)
	},
	"parseInt": func(a answer, args []string) {
		n, err := strconv.ParseInt(args[0], number(args[1]), number(args[2]))
		a.set("value", n)
		a.fail(err)
	},
	"parseUint": func(a answer, args []string) {
		n, err := strconv.ParseUint(args[0], number(args[1]), number(args[2]))
		a.set("value", n)
		a.fail(err)
	},
	"atoi": func(a answer, args []string) {
		n, err := strconv.Atoi(args[0])
		a.set("value", n)
		a.fail(err)
	},
	"parseBool": func(a answer, args []string) {
		b, err := strconv.ParseBool(args[0])
		a.set("value", b)
		a.fail(err)
	},
	"parseDuration": func(a answer, args []string) {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			a.fail(err)
			return
		}
		a.set("ns", int64(d))
		a.set("string", d)
	},
	"durationString": func(a answer, args []string) {
		n, err := strconv.ParseInt(args[0], 10, 64)
		a.fail(err)
		a.set("string", time.Duration(n))
	},
	"timeFormat": func(a answer, args []string) {
		unix, err := strconv.ParseInt(args[0], 10, 64)
		a.fail(err)
		location, err := time.LoadLocation(args[2])
		if err != nil {
			a.fail(err)
			return
		}
		a.set("value", time.Unix(unix, int64(number(args[1]))).In(location).Format(args[3]))
	},
	"timeParse": func(a answer, args []string) {
		t, err := time.Parse(args[0], args[1])
		if err != nil {
			a.fail(err)
			return
		}
		timeAnswer(a, t)
	},
	"timeParseIn": func(a answer, args []string) {
		location, err := time.LoadLocation(args[2])
		if err != nil {
			a.fail(err)
			return
		}
		t, err := time.ParseInLocation(args[0], args[1], location)
		if err != nil {
			a.fail(err)
			return
		}
		timeAnswer(a, t)
	},
	"jsonRoundTrip": func(a answer, args []string) { roundTrip(a, args[0]) },
	"jsonTokens":    func(a answer, args []string) { tokens(a, args[0]) },
	"jsonString": func(a answer, args []string) {
		out, err := json.Marshal(args[0])
		a.fail(err)
		a["html"] = out
		var raw bytes.Buffer
		encoder := json.NewEncoder(&raw)
		encoder.SetEscapeHTML(false)
		a.fail(encoder.Encode(args[0]))
		a["raw"] = bytes.TrimSuffix(raw.Bytes(), []byte("\n"))
	},
	"quote": func(a answer, args []string) {
		a.set("q", strconv.Quote(args[0]))
		a.set("ascii", strconv.QuoteToASCII(args[0]))
		a.set("sharp", fmt.Sprintf("%#q", args[0]))
	},
	"quoteRune": func(a answer, args []string) {
		a.set("q", strconv.QuoteRune(rune(number(args[0]))))
		a.set("ascii", strconv.QuoteRuneToASCII(rune(number(args[0]))))
	},
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
		args := make([]string, len(c.Args))
		for i, arg := range c.Args {
			args[i] = string(arg)
		}
		a := answer{}
		functions[c.Fn](a, args)
		if err := encoder.Encode(a); err != nil {
			panic(err)
		}
	}
}
