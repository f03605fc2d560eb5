// Package contract is what the Go programs share: how to report.
package contract

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

func Must(err error) {
	if err != nil {
		panic(err)
	}
}

func Equal(got, expected interface{}, what string) {
	if got != expected {
		panic(fmt.Errorf("%s: expected %#v, got %#v", what, expected, got))
	}
}

const Place = "SELECT inet_server_port()"

// Primary is the primary's port; 0: all runs on one server.
func Primary() int {
	port, _ := strconv.Atoi(os.Getenv("PRIMARY_PORT"))
	return port
}

// Offloaded looks at reads of a session that has written nothing: at most one in four on the primary.
func Offloaded(place func() int) {
	there := 0
	for i := 0; i < 20; i++ {
		if place() == Primary() {
			there++
		}
	}
	Equal(there <= 5, true, fmt.Sprintf("%d of 20 reads on the primary; at most 5", there))
}

// Together runs work(0) ... work(count-1) at the same time; the first panic is passed on.
func Together(count int, work func(who int)) {
	var wait sync.WaitGroup
	wrong := make(chan interface{}, count)
	for who := 0; who < count; who++ {
		wait.Add(1)
		go func(who int) {
			defer wait.Done()
			defer func() {
				if e := recover(); e != nil {
					wrong <- e
				}
			}()
			work(who)
		}(who)
	}
	wait.Wait()
	select {
	case e := <-wrong:
		panic(e)
	default:
	}
}

func Test(name string, body func()) {
	defer func() {
		if e := recover(); e != nil {
			fmt.Fprintln(os.Stderr, name, e)
			fmt.Printf("not ok %s: %s\n", name, strings.Join(strings.Fields(fmt.Sprint(e)), " "))
			return
		}
		fmt.Println("ok", name)
	}()
	body()
}
