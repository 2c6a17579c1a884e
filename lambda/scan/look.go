package scan

import (
	"context"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/sink"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"golang.org/x/sync/errgroup"
)

// closeConfirmed closes the writer and looks at the table at the same time. The look begins after the last page, and closeConfirmed returns
// the objects only if the look found the plan's table. So a list exists only if all its pages came from that table. If one of the two
// fails, the other one stops.
func (s *segment) closeConfirmed(ctx context.Context, writer *sink.Writer, stopUploads func()) (objects []run.Object, err error) {
	ending, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, stopUploads)
	ending.Go(func() error { return s.look(ctx) })
	ending.Go(func() (err error) {
		objects, err = writer.Close()
		return err
	})
	err = ending.Wait()
	return objects, err
}

// mostLookPause limits the pause between two tries of a look.
const mostLookPause = 2 * time.Second

// look fails if the table is no longer the plan's. While DynamoDB throttles the question or does not answer, look asks again: a failure
// would throw away all pages of the invocation, although nothing is wrong with them.
func (s *segment) look(ctx context.Context) error {
	looking, cancel := s.budget.waitForLook(ctx)
	defer cancel()
	begun, pause := s.budget.now(), retry.NewExponentialJitterBackoff(mostLookPause)
	for try := 0; ; try++ {
		err := s.lookOnce(looking)
		if err == nil || failure.NameOf(err).Permanent() {
			return err
		}
		wait, _ := pause.BackoffDelay(try, err) // never fails
		select {
		case <-time.After(wait):
			s.log.WarnContext(ctx, "the look at the table is repeated", "cause", err.Error())
		case <-looking.Done():
			return fmt.Errorf("could not check for %s whether the table is still the same, so the pages of this invocation must be read again: %w",
				s.budget.now().Sub(begun).Round(time.Millisecond), err)
		}
	}
}

// lookOnce gives an answer half of the time that is left, so that there is time for another try.
func (s *segment) lookOnce(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	wait := time.Until(deadline) / 2
	trying, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err := s.Confirm(trying)
	if err != nil && !failure.NameOf(err).Permanent() && trying.Err() != nil && ctx.Err() == nil {
		return failure.Errorf(failure.EndpointUnreachable, "dynamodb:DescribeTable on table %q: DynamoDB did not answer within %s", s.plan.Table, wait.Round(time.Millisecond))
	}
	return err
}

// explained returns why a scan failed. If it failed for good, a table that was replaced is the better explanation.
func (s *segment) explained(ctx context.Context, err error) error {
	if !failure.NameOf(err).Permanent() {
		return err
	}
	switch fault := s.look(ctx); failure.NameOf(fault) {
	case failure.TableReplaced, failure.TableNotFound, failure.TableNotReady, failure.IndexNotFound:
		return fault
	default:
		return err
	}
}
