// Package contract is what the Go programs share: how to report.
package contract

import (
	"fmt"
	"os"
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
