#include "authz-plugin/workers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct task {
	void (*fn)(void *arg);
	void *arg;
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct task ring[WORKERS_QUEUE_MAX];
	unsigned first, count;
	bool stopping;
	unsigned threads_running;
	pthread_t threads[WORKERS_THREADS];
};

static bool
next_task(struct workers *w, struct task *ret)
{
	bool have;

	pthread_mutex_lock(&w->lock);
	while (!w->count && !w->stopping)
		pthread_cond_wait(&w->work, &w->lock);
	have = w->count > 0;
	if (have) {
		*ret = w->ring[w->first];
		w->first = (w->first + 1) % WORKERS_QUEUE_MAX;
		w->count--;
	}
	pthread_mutex_unlock(&w->lock);
	return have;
}

static void *
work(void *arg)
{
	struct workers *w = arg;
	struct task task;

	while (next_task(w, &task))
		task.fn(task.arg);
	return NULL;
}

int
workers_new(struct workers **ret, struct aegis_error *err)
{
	struct workers *w = calloc(1, sizeof(*w));
	int r = 0;

	if (!w)
		return aegis_error_set(err, -ENOMEM, "workers");
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	while (w->threads_running < WORKERS_THREADS && r == 0) {
		r = -pthread_create(&w->threads[w->threads_running], NULL, work,
				    w);
		w->threads_running += r == 0;
	}
	if (r < 0) {
		workers_free(w);
		return aegis_error_set(err, r, "start a worker thread");
	}
	*ret = w;
	return 0;
}

void
workers_free(struct workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->threads_running; i++)
		pthread_join(w->threads[i], NULL);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int
workers_run(struct workers *w, void (*fn)(void *arg), void *arg)
{
	int r = -EBUSY;

	pthread_mutex_lock(&w->lock);
	if (w->count < WORKERS_QUEUE_MAX && !w->stopping) {
		w->ring[(w->first + w->count++) % WORKERS_QUEUE_MAX] =
			(struct task){fn, arg};
		pthread_cond_signal(&w->work);
		r = 0;
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}
