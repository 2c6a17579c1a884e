// Package watch follows an execution of a deployment to its end and shows its progress.
//
// Start with Follow. The numbers come from four places. DescribeExecution has the status, GetExecutionHistory the phase and the plan, DescribeMapRun
// how many segments are done, and the segment lists in S3 have items, bytes, read units and throttles. An invocation writes its list when it
// ends, so what is at work is in no number.
//
// The package may import deployment, lambda/ and local/progress.
package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/failure"
)

// Options say how Follow shows the progress.
type Options struct {
	// Progress gets it for people.
	Progress io.Writer
	// JSON gets each look as a line of JSON. If it is nil, Progress is used.
	JSON io.Writer
}

// Follow looks at an execution until it has ended, and returns how it ended. name is its name or its ARN. If calls are throttled or the network is
// lost, Follow says so and looks again.
func Follow(ctx context.Context, d *deployment.Deployment, name string, options Options) (deployment.Execution, error) {
	return follower{options, time.Now, pause}.follow(ctx, d, name)
}

// follower is Follow with a clock.
type follower struct {
	Options
	now   func() time.Time
	pause func(context.Context, time.Duration)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (f follower) follow(ctx context.Context, d *deployment.Deployment, name string) (deployment.Execution, error) {
	described, err := d.Describe(ctx, name)
	if err != nil {
		return described, err
	}
	o := &observer{deployment: d, arn: described.ARN, name: described.Name}
	o.last = Look{Time: f.now().UTC(), Name: o.name, Status: described.Status, Start: described.Start}
	v := newView(f.Progress)
	defer v.end()
	begun, failures, look := f.now(), 0, o.last
	for {
		look, err = f.redrawing(v, look, func() (Look, error) { return o.lookWithin(ctx, f.now()) })
		if err == nil && look.ended() {
			described, err = d.Describe(ctx, name)
		}
		switch {
		case ctx.Err() != nil:
			return described, ctx.Err()
		case err == nil:
			failures = 0
		case transient(err):
			failures++
			look.Problem = fmt.Sprintf("no news since %s UTC (%s): %v", look.Time.Format(time.TimeOnly), failure.NameOf(err), err)
		default:
			return described, err
		}
		if f.JSON != nil {
			if err := json.NewEncoder(f.JSON).Encode(look); err != nil {
				return described, fmt.Errorf("print the progress: %w", err)
			}
		}
		if err == nil && look.ended() {
			f.show(v, look, described.Stop)
			return described, nil
		}
		for next := f.now().Add(between(f.now().Sub(begun), failures)); ctx.Err() == nil && f.now().Before(next); {
			f.show(v, look, f.now())
			f.pause(ctx, min(next.Sub(f.now()), redrawEvery))
		}
	}
}

// redrawing looks, and shows the last look until the new one is there.
func (f follower) redrawing(v *view, last Look, look func() (Look, error)) (next Look, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		next, err = look()
	}()
	for tick := time.NewTicker(redrawEvery); ; {
		select {
		case <-done:
			tick.Stop()
			return next, err
		case <-tick.C:
			f.show(v, last, f.now())
		}
	}
}

// redrawEvery is how often the time that has passed is shown, and how soon rows fit a terminal that has changed its width.
const redrawEvery = 500 * time.Millisecond

// show shows a look to people.
func (f follower) show(v *view, look Look, now time.Time) {
	if f.JSON == nil {
		v.show(look, now)
	}
}

func (l Look) ended() bool { return deployment.Execution{Status: l.Status}.Ended() }

// between returns the pause after a look. Step Functions refills one call of DescribeMapRun a second for a whole region, so ten people can watch at
// the same time for as long as they want.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-api-action-throttling-general
func between(watched time.Duration, failures int) time.Duration {
	const soon, later, latest = 2 * time.Second, 5 * time.Second, 10 * time.Second
	switch {
	case failures > 0:
		return min(soon<<min(failures, 5), time.Minute)
	case watched < 30*time.Second:
		return soon
	case watched < 5*time.Minute:
		return later
	default:
		return latest
	}
}

// lookWithin looks, and fails if there is no answer in time.
func (o *observer) lookWithin(ctx context.Context, now time.Time) (Look, error) {
	const most = 20 * time.Second
	looking, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	look, err := o.look(looking, now)
	if err != nil && looking.Err() != nil && ctx.Err() == nil {
		return look, failure.Errorf(failure.EndpointUnreachable, "no answer within %s", most)
	}
	return look, err
}
