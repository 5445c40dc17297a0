/* engine/job.c - see job.h. */
#include "engine/job.h"

void jobs_init(struct jobs *jobs, struct store *store, struct store_port *port,
               struct timers *timers, void (*changed)(void *context), void *context)
{
    *jobs = (struct jobs){
        .store = store, .port = port, .timers = timers, .changed = changed, .context = context};
    list_init(&jobs->all);
}

/* The job may be freed afterwards. */
static void end(struct job *job, enum status status)
{
    struct jobs *jobs = job->jobs;

    assert(!job->under_way);
    list_remove(&job->place);
    jobs->count--;
    job->ended(job, status);
    if (jobs->changed != NULL)
        jobs->changed(jobs->context);
}

static void submit(struct job *job)
{
    job->under_way = true;
    store_submit(job->jobs->store, job->jobs->port, &job->work);
}

static void run_step(struct store_batch *batch, struct store_work *work)
{
    struct job *job = CONTAINER_OF(work, struct job, work);

    job->done = false;
    job->outcome = job->step(job, batch, &job->done);
}

static bool passes_by(enum status status)
{
    return status == NO_SPACE || status == IO_ERROR;
}

static void step_done(struct store_work *work, enum status status)
{
    struct job *job = CONTAINER_OF(work, struct job, work);

    job->under_way = false;
    if (status == OK)
        status = job->outcome;
    if (job->stepped != NULL)
        job->stepped(job, status);
    if (status == OK && job->done)
        end(job, OK);
    else if (job->cancelled || job->jobs->stopped)
        end(job, CLOSED);
    else if (status == OK)
        submit(job);
    else if (job->keeps_trying && passes_by(status))
        timer_set_after(job->jobs->timers, &job->retry, JOB_RETRY_MS);
    else
        end(job, status);
}

static void retry_now(struct timer *timer)
{
    submit(CONTAINER_OF(timer, struct job, retry));
}

void job_start(struct jobs *jobs, struct job *job)
{
    job->jobs = jobs;
    job->work = (struct store_work){.run = run_step, .done = step_done};
    job->retry = (struct timer){.fire = retry_now};
    job->outcome = OK;
    job->under_way = job->done = job->cancelled = false;
    list_append(&jobs->all, &job->place);
    jobs->count++;
    if (jobs->stopped)
        end(job, CLOSED);
    else
        submit(job);
}

void job_cancel(struct job *job)
{
    job->cancelled = true;
    if (job->under_way)
        return;
    timer_cancel(job->jobs->timers, &job->retry);
    end(job, CLOSED);
}

bool jobs_stop(struct jobs *jobs)
{
    jobs->stopped = true;
    LIST_EACH (&jobs->all, it) {
        struct job *job = LIST_ITEM(it, struct job, place);

        if (!job->under_way)
            job_cancel(job);
    }
    return jobs->count == 0;
}
