// Command porcupine checks histories of a key-value store for linearizability with the module of that name.
//
// It reads operations from its standard input, a JSON object a line, each of one key, and prints what it finds as one JSON
// object. An operation without an end has an unknown outcome: it may happen at any time, or never. With a folder as its
// argument, it draws each history that it refuses in a file there.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// Patience with one history: the problem is NP-complete.
const patience = 2 * time.Minute

// A value is a text or null. It may also not be there at all.
type value struct {
	given bool
	text  *string
}

func (v *value) UnmarshalJSON(bytes []byte) error {
	v.given = true
	return json.Unmarshal(bytes, &v.text)
}

func (v value) String() string {
	if v.text == nil {
		return "null"
	}
	return *v.text
}

func (v value) is(other value) bool {
	if v.text == nil || other.text == nil {
		return v.text == other.text
	}
	return *v.text == *other.text
}

type operation struct {
	Client   int      `json:"client"`
	Key      string   `json:"key"`
	Type     string   `json:"type"`
	Value    value    `json:"value"`
	Expected value    `json:"expected"`
	Found    value    `json:"found"`
	Start    float64  `json:"start"` // milliseconds
	End      *float64 `json:"end"`
}

// step gives the state behind o, and whether its answer is right where the state before it is s.
func (o operation) step(s value) (bool, value) {
	switch {
	case o.Type == "read":
		return s.is(o.Value), s
	case o.Type == "write":
		return true, o.Value
	case o.Found.given: // it was refused
		return s.is(o.Found) && !s.is(o.Expected), s
	case s.is(o.Expected):
		return true, o.Value
	default:
		return o.End == nil, s // of unknown outcome: it was refused
	}
}

func (o operation) String() string {
	switch {
	case o.Type == "cas" && o.Found.given:
		return fmt.Sprintf("cas %v → %v: found %v", o.Expected, o.Value, o.Found)
	case o.Type == "cas":
		return fmt.Sprintf("cas %v → %v", o.Expected, o.Value)
	default:
		return fmt.Sprintf("%s %v", o.Type, o.Value)
	}
}

var model = porcupine.Model{
	Init: func() interface{} { return value{} },
	Step: func(state, input, _ interface{}) (bool, interface{}) {
		return input.(operation).step(state.(value))
	},
	Equal:             func(a, b interface{}) bool { return a.(value).is(b.(value)) },
	DescribeOperation: func(input, _ interface{}) string { return input.(operation).String() },
	DescribeState:     func(state interface{}) string { return state.(value).String() },
}

type findings struct {
	Operations int      `json:"operations"`
	Histories  int      `json:"histories"`
	Refused    []string `json:"refused"`   // their keys
	Undecided  []string `json:"undecided"` // patience was over
}

func main() {
	histories, err := read()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(check(histories))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "porcupine:", err)
		os.Exit(1)
	}
}

func read() (map[string][]operation, error) {
	histories := map[string][]operation{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var o operation
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return nil, err
		}
		histories[o.Key] = append(histories[o.Key], o)
	}
	return histories, lines.Err()
}

func check(histories map[string][]operation) findings {
	found := findings{Histories: len(histories), Refused: []string{}, Undecided: []string{}}
	keys := make([]string, 0, len(histories))
	for key, history := range histories {
		keys = append(keys, key)
		found.Operations += len(history)
	}
	sort.Strings(keys)
	for _, key := range keys {
		result, info := porcupine.CheckOperationsVerbose(model, timed(histories[key]), patience)
		switch result {
		case porcupine.Illegal:
			found.Refused = append(found.Refused, key)
			draw(key, info)
		case porcupine.Unknown:
			found.Undecided = append(found.Undecided, key)
		}
	}
	return found
}

// timed gives history as porcupine takes it, without the operations of unknown outcome whose value nobody has met: each can be
// thought to have come last, so that it makes nothing possible and nothing impossible.
func timed(history []operation) []porcupine.Operation {
	met := map[string]bool{}
	for _, o := range history {
		if o.Type == "read" {
			met[o.Value.String()] = true
		}
		for _, v := range []value{o.Expected, o.Found} {
			if v.given {
				met[v.String()] = true
			}
		}
	}
	operations := make([]porcupine.Operation, 0, len(history))
	for _, o := range history {
		if o.End == nil && !met[o.Value.String()] {
			continue
		}
		end := int64(math.MaxInt64)
		if o.End != nil {
			end = int64(math.Ceil(*o.End * 1e6))
		}
		operations = append(operations, porcupine.Operation{
			ClientId: o.Client, Input: o, Call: int64(o.Start * 1e6), Return: end,
		})
	}
	return operations
}

func draw(key string, info porcupine.LinearizationInfo) {
	if len(os.Args) < 2 {
		return
	}
	path := filepath.Join(os.Args[1], "refused-"+key+".html")
	if err := porcupine.VisualizePath(model, info, path); err != nil {
		fmt.Fprintln(os.Stderr, "porcupine: the history of", key, "could not be drawn:", err)
	}
}
