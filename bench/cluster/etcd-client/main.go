// Command etcd-client asks three processes of etcd to store things, and measures how long that takes.
//
// Its arguments are their endpoints. Each line on its standard input is a request, and is answered by a line of JSON:
//
//	leader                     who leads, once all agree: 1, 2 or 3
//	decide PIDS                once one of them has stored something that was sent after the request
//	append PID IN_FLIGHT MS    puts at one of them, so many at a time, for so long: a sample, as ../../shared/protocol.ts has it
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const (
	keys       = 64
	entryBytes = 128
	// One attempt may wait behind a leader that is no longer there: another is made so much later, beside it.
	attemptEvery   = 5 * time.Millisecond
	attemptTimeout = 2 * time.Second
)

var value = string(bytes.Repeat([]byte("v"), entryBytes))

type server struct {
	endpoint string
	client   *clientv3.Client
}

func main() {
	servers := make([]server, 0, len(os.Args)-1)
	for _, endpoint := range os.Args[1:] {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
		if err != nil {
			fail(err)
		}
		servers = append(servers, server{endpoint, client})
	}
	answers := json.NewEncoder(os.Stdout)
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		words := strings.Fields(requests.Text())
		numbers := make([]int, len(words)-1)
		for i, word := range words[1:] {
			number, err := strconv.Atoi(word)
			if err != nil {
				fail(err)
			}
			numbers[i] = number
		}
		var answer interface{} = struct{}{}
		var err error
		switch words[0] {
		case "leader":
			answer = map[string]int{"leader": leader(servers)}
		case "decide":
			decide(servers, numbers)
		case "append":
			answer, err = put(servers[numbers[0]-1], numbers[1], time.Duration(numbers[2])*time.Millisecond)
		default:
			err = fmt.Errorf("there is no request %q", words[0])
		}
		if err == nil {
			err = answers.Encode(answer)
		}
		if err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "etcd-client:", err)
	os.Exit(1)
}

func leader(servers []server) int {
	for ; ; time.Sleep(10 * time.Millisecond) {
		found, agreed := 0, true
		var first uint64
		for i, each := range servers {
			ctx, cancel := context.WithTimeout(context.Background(), attemptTimeout)
			status, err := each.client.Status(ctx, each.endpoint)
			cancel()
			if err != nil || status.Leader == 0 || (first != 0 && status.Leader != first) {
				agreed = false
				break
			}
			first = status.Leader
			if status.Header.MemberId == status.Leader {
				found = i + 1
			}
		}
		if agreed && found != 0 {
			return found
		}
	}
}

func decide(servers []server, pids []int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	decided := make(chan struct{}, 1)
	attempt := func(at server) {
		limited, done := context.WithTimeout(ctx, attemptTimeout)
		defer done()
		if _, err := at.client.Put(limited, "decide", value); err == nil {
			select {
			case decided <- struct{}{}:
			default:
			}
		}
	}
	again := time.NewTicker(attemptEvery)
	defer again.Stop()
	for {
		for _, pid := range pids {
			go attempt(servers[pid-1])
		}
		select {
		case <-decided:
			return
		case <-again.C:
		}
	}
}

type sample struct {
	Entries   int                `json:"entries"`
	Seconds   float64            `json:"seconds"`
	LatencyUs map[string]float64 `json:"latencyUs"`
}

func put(at server, inFlight int, duration time.Duration) (sample, error) {
	start := time.Now()
	latencies := make([][]time.Duration, inFlight)
	errs := make([]error, inFlight)
	var callers sync.WaitGroup
	for i := range latencies {
		callers.Add(1)
		go func() {
			defer callers.Done()
			before := start
			for n := i; before.Sub(start) < duration; n += inFlight {
				if _, errs[i] = at.client.Put(context.Background(), "key-"+strconv.Itoa(n%keys), value); errs[i] != nil {
					return
				}
				now := time.Now()
				latencies[i] = append(latencies[i], now.Sub(before))
				before = now
			}
		}()
	}
	callers.Wait()
	elapsed := time.Since(start)
	all := []time.Duration{}
	for i, each := range latencies {
		if errs[i] != nil {
			return sample{}, errs[i]
		}
		all = append(all, each...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	percentiles := map[string]float64{}
	for name, percent := range map[string]float64{
		"p10": 10, "p25": 25, "p50": 50, "p75": 75, "p90": 90, "p99": 99, "p99.9": 99.9, "max": 100,
	} {
		at := min(len(all)-1, int(float64(len(all))*percent/100))
		percentiles[name] = float64(all[at].Nanoseconds()) / 1000
	}
	return sample{len(all), elapsed.Seconds(), percentiles}, nil
}
