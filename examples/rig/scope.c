/* The driver of an oscilloscope, as a vendor might ship it: one device per handle, not always well behaved. */
#include <stdlib.h>
#include <unistd.h>

typedef struct scope { int channel; int range; } scope;

scope *scope_open(int channel)
{
    scope *device = malloc(sizeof *device);
    device->channel = channel;
    device->range = 1;
    return device;
}

void scope_close(scope *device) { free(device); }
int scope_set_range(scope *device, int range) { device->range = range; return range > 0 ? 0 : -1; }

int scope_capture(scope *device, double *samples, int count)
{
    for (int i = 0; i < count; i++)
        samples[i] = device->range * ((i + device->channel) % 8) / 8.0;
    return count;
}

/* Calls back once for each sample above the level, and stops when it is told to. */
int scope_watch(scope *device, double level, int count, int (*trigger)(int index))
{
    int triggered = 0;
    for (int i = 0; i < count; i++)
        if (device->range * ((i + device->channel) % 8) / 8.0 > level && ++triggered && !trigger(i))
            break;
    return triggered;
}

int scope_self_test(scope *device, int ms) { usleep(ms * 1000); return device->channel; }
