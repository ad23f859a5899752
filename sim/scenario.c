/* SPDX-License-Identifier: ISC */
#include "sim/scenario.h"

#include <string.h>

const struct scenario scenarios[] = {
    { "twin", "name=a 10/20,12ms; name=b 10/20,12ms", "two equal cable lines" },
    { "dsllte", "name=dsl 2/16,15ms,queue=150; name=lte 12/40,25ms,queue=300,jitter=4",
      "slow DSL and LTE" },
    { "wide",
      "name=cable 20/100,6ms; name=lte 8/30,35ms,queue=300,jitter=6;"
      "name=fiveg 15/80,22ms,jitter=8,loss=0.3,burst=4",
      "three unequal links" },
    { "lossy", "name=a 20/20,20ms,loss=1; name=b 20/20,20ms,loss=1", "1 % random loss" },
    { "far", "name=near 20/40,10ms; name=far 20/40,90ms", "delays far apart" },
    { "tenone", "name=fast 100/100,10ms; name=slow 10/10,10ms", "ten to one" },
    { "fiblte", "name=fibre 50/300,10ms; name=lte 30/80,30ms", "fibre and LTE" },
    { "quad", "name=a 5/8,15ms; name=b 5/8,18ms; name=c 5/8,22ms; name=d 5/8,30ms",
      "four like DSL lines" },
    { "bloat", "name=a 10/50,20ms,queue=1000; name=b 5/20,20ms,queue=1000", "queues of a second" },
    { "thin",
      "name=a 2/6,10ms; name=b 2/7,14ms; name=c 3/8,22ms; name=d 1/5,30ms;"
      "name=e 4/12,38ms,jitter=6",
      "many thin links" },
    { "satellite", "name=sat 3/25,300ms; name=dsl 5/20,20ms", "geostationary satellite and DSL" },
    { "stepping",
      "name=leo 40/100,30ms,steps=15:30:100/30:0:100,period=30;"
      "name=dsl 10/20,15ms",
      "delay steps of a low-orbit satellite" },
    { "varying",
      "name=a trace-down=lte:5:50 trace-up=lte:2:20 delay=30 queue=300;"
      "name=b trace-down=lte:13:40 trace-up=lte:6:16 delay=45 queue=300",
      "two LTE links in a moving car" },
    { "reorder5", "name=a 20/20,10ms,jitter=5,reorder; name=b 20/20,15ms",
      "a link that reorders within itself, by up to 5 ms" },
    { "reorder20", "name=a 20/20,10ms,jitter=20,reorder; name=b 20/20,15ms", "by up to 20 ms" },
    { "police15", "name=a 100/100,10ms,queue=200,police=10:15; name=b 20/20,15ms",
      "a policer of 10 Mbit/s with a bucket of 15 kB" },
    { "police64", "name=a 100/100,10ms,queue=200,police=10:64; name=b 20/20,15ms", "of 64 kB" },
    { "police250", "name=a 100/100,10ms,queue=200,police=10:250; name=b 20/20,15ms", "of 250 kB" },
    { "shallow", "name=a 60/60,10ms,queue=32kB; name=b 20/20,15ms", "a queue of 32 kB" },
    { "noisy", "name=a 20/20,20ms,loss=3; name=b 20/20,15ms", "3 % random loss" },
    { "burst", "name=a 20/20,20ms,loss=2,burst=6; name=b 20/20,15ms", "2 % loss in bursts of 6" },
    { "driving",
      "name=a trace-down=drive:1:12 trace-up=drive:2:6 delay=25 queue=300;"
      "name=b trace-down=drive:3:8 trace-up=drive:4:4 delay=40 queue=300; name=c 3/12,15ms",
      "two LTE links that are often silent, and DSL" },
    { "swinging",
      "name=a 40/40,20ms,queue=300,steps=1:0:0:2.5/2:0:0:100,period=2; name=b 10/10,15ms",
      "a link that swings between 40 and 1 Mbit/s each second" },
};

const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < scenario_count; i++) {
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    }
    return NULL;
}
