// SPDX-License-Identifier: MIT
//
// The broadcast scenarios of weir-bench over LMAX's Disruptor, in the shape of its own performance tests: preallocated events that
// carry a long, batching event processors, the yielding wait strategy. Prints items per second of each run.
//
//     java -cp CLASSPATH Feed SHAPE ITEMS RUNS      SHAPE: 1P1C, 1P3C, diamond, 3P1C
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.YieldingWaitStrategy;
import com.lmax.disruptor.dsl.Disruptor;
import com.lmax.disruptor.dsl.ProducerType;
import com.lmax.disruptor.util.DaemonThreadFactory;

import java.util.concurrent.CountDownLatch;

public final class Feed {
    private static final int CAPACITY = 65536;

    private static final class Item {
        long number;
    }

    /** Adds up what it sees, and ends after the last item. */
    private static final class Reader implements EventHandler<Item> {
        private final long items;
        private final CountDownLatch done;
        private long seen;
        private long sum;

        Reader(long items, CountDownLatch done) {
            this.items = items;
            this.done = done;
        }

        @Override
        public void onEvent(Item item, long sequence, boolean endOfBatch) {
            sum += item.number;
            if (++seen == items) {
                done.countDown();
            }
        }
    }

    private static void produce(RingBuffer<Item> ring, long items) {
        for (long number = 1; number <= items; ++number) {
            final long sequence = ring.next();
            ring.get(sequence).number = number;
            ring.publish(sequence);
        }
    }

    @SuppressWarnings("unchecked")
    private static double run(String shape, long items) throws InterruptedException {
        final int producers = shape.startsWith("3P") ? 3 : 1;
        final int readers = shape.equals("1P3C") || shape.equals("diamond") ? 3 : 1;
        final long each = items / producers;
        final CountDownLatch done = new CountDownLatch(readers);
        final Reader[] all = new Reader[readers];
        for (int i = 0; i < readers; ++i) {
            all[i] = new Reader(each * producers, done);
        }
        final Disruptor<Item> disruptor = new Disruptor<>(
            Item::new, CAPACITY, DaemonThreadFactory.INSTANCE,
            producers > 1 ? ProducerType.MULTI : ProducerType.SINGLE, new YieldingWaitStrategy());
        if (shape.equals("diamond")) {
            disruptor.handleEventsWith(all[0], all[1]).then(all[2]);
        } else {
            disruptor.handleEventsWith(all);
        }
        final RingBuffer<Item> ring = disruptor.start();
        final long begin = System.nanoTime();
        final Thread[] others = new Thread[producers - 1];
        for (int i = 0; i < others.length; ++i) {
            others[i] = new Thread(() -> produce(ring, each));
            others[i].start();
        }
        produce(ring, each);
        for (Thread other : others) {
            other.join();
        }
        done.await();
        final double seconds = (System.nanoTime() - begin) * 1e-9;
        disruptor.shutdown();
        for (Reader reader : all) {
            if (reader.sum != producers * each * (each + 1) / 2) {
                throw new IllegalStateException("a reader missed items");
            }
        }
        return each * producers / seconds;
    }

    public static void main(String[] arguments) throws InterruptedException {
        final long items = Long.parseLong(arguments[1]);
        for (int i = 0; i < Integer.parseInt(arguments[2]); ++i) {
            System.out.printf("%.4g%n", run(arguments[0], items));
        }
    }
}
